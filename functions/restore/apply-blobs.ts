import { RUN_PASSES } from '../../shared/jobs/messages.ts'
import { applyBlobs } from '../../shared/restore/apply/apply-blobs.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('apply-blobs', RUN_PASSES, applyBlobs)
