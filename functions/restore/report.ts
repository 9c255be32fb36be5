import { report } from '../../shared/restore/report/report.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(report)
