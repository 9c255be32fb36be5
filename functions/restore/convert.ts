import { RUN_PASSES } from '../../shared/jobs/messages.ts'
import { convert } from '../../shared/restore/convert/convert.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('convert', RUN_PASSES, convert)
