import { finishCompose } from '../../shared/export/finish-compose.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(finishCompose)
