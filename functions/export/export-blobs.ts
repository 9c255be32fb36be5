import { exportBlobs } from '../../shared/export/export-blobs.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(exportBlobs)
