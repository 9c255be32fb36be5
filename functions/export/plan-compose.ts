import { planCompose } from '../../shared/export/plan-compose.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(planCompose)
