import { planApplyRecords } from '../../shared/restore/apply/plan-apply-records.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(planApplyRecords)
