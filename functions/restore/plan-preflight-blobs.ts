import { PLAN_ROUNDS } from '../../shared/jobs/messages.ts'
import { planPreflightBlobs } from '../../shared/restore/preflight/plan-preflight-blobs.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('plan-preflight-blobs', PLAN_ROUNDS, planPreflightBlobs)
