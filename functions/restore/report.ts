import { report } from '../../shared/restore/report.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(report)
