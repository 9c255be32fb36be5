import { applyBlobs } from '../../shared/restore/apply-blobs.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(applyBlobs)
