import { RUN_PASSES } from '../../shared/jobs/messages.ts'
import { verify } from '../../shared/restore/verify/verify.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('verify', RUN_PASSES, verify)
