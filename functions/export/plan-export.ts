import { planExport } from '../../shared/export/plan-export.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(planExport)
