import { planPreflightBlobs } from '../../shared/restore/plan-preflight-blobs.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(planPreflightBlobs)
