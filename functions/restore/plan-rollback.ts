import { planRollback } from '../../shared/restore/apply/plan-rollback.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(planRollback)
