import { applyBlobs } from '../../shared/restore/apply/apply-blobs.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(applyBlobs)
