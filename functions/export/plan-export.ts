import { planExport } from '../../shared/export/plan.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(planExport)
