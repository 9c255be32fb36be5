import { preflightBlobs } from '../../shared/restore/preflight-blobs.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(preflightBlobs)
