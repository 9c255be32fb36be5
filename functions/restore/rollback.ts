import { RUN_PASSES } from '../../shared/jobs/messages.ts'
import { rollback } from '../../shared/restore/apply/rollback.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('rollback', RUN_PASSES, rollback)
