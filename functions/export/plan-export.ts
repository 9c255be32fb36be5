import { planExport } from '../../shared/export/plan-export.ts'
import { PLAN_ITEMS } from '../../shared/jobs/messages.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('plan-export', PLAN_ITEMS, planExport)
