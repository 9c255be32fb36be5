import { PLAN_ROUND } from '../../shared/export/messages.ts'
import { planCompose } from '../../shared/export/plan-compose.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('plan-compose', PLAN_ROUND, planCompose)
