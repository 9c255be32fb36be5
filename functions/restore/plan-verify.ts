import { PLAN_ITEMS } from '../../shared/jobs/messages.ts'
import { planVerify } from '../../shared/restore/verify/plan-verify.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('plan-verify', PLAN_ITEMS, planVerify)
