import { planApplyRecords } from '../../shared/restore/plan-apply-records.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(planApplyRecords)
