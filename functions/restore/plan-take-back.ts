import { planTakeBack } from '../../shared/restore/take-back.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(planTakeBack)
