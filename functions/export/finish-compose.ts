import { finishCompose } from '../../shared/export/finish-compose.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(finishCompose)
