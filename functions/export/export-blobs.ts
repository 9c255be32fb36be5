import { exportBlobs } from '../../shared/export/export-blobs.ts'
import { RUN_PASSES } from '../../shared/jobs/messages.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('export-blobs', RUN_PASSES, exportBlobs)
