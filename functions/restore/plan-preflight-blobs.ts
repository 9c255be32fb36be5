import { planPreflightBlobs } from '../../shared/restore/preflight/plan-preflight-blobs.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(planPreflightBlobs)
