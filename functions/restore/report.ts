import { RUN_ONCE } from '../../shared/jobs/messages.ts'
import { report } from '../../shared/restore/report/report.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('report', RUN_ONCE, report)
