import { finishCompose } from '../../shared/export/finish-compose.ts'
import { RUN_ONCE } from '../../shared/jobs/messages.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('finish-compose', RUN_ONCE, finishCompose)
