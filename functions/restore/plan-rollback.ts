import { planRollback } from '../../shared/restore/apply/plan-rollback.ts'
import { PLAN_ROLLBACK } from '../../shared/restore/messages/apply.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('plan-rollback', PLAN_ROLLBACK, planRollback)
