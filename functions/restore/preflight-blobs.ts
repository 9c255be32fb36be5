import { preflightBlobs } from '../../shared/restore/preflight/preflight-blobs.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(preflightBlobs)
