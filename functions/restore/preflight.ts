import { RUN_PASSES } from '../../shared/jobs/messages.ts'
import { preflight } from '../../shared/restore/preflight/preflight.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('preflight', RUN_PASSES, preflight)
