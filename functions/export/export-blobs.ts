import { exportBlobs } from '../../shared/export/blobs.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(exportBlobs)
