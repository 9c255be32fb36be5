import { planCompose } from '../../shared/export/plan-compose.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(planCompose)
