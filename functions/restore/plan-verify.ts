import { planVerify } from '../../shared/restore/verify/plan-verify.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(planVerify)
