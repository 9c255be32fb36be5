import { RUN_PASSES } from '../../shared/jobs/messages.ts'
import { preflightBlobs } from '../../shared/restore/preflight/preflight-blobs.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('preflight-blobs', RUN_PASSES, preflightBlobs)
