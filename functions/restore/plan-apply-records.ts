import { PLAN_ITEMS } from '../../shared/jobs/messages.ts'
import { planApplyRecords } from '../../shared/restore/apply/plan-apply-records.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('plan-apply-records', PLAN_ITEMS, planApplyRecords)
