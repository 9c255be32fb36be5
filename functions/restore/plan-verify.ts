import { planVerify } from '../../shared/restore/plan-verify.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(planVerify)
