import { exportRecords } from '../../shared/export/export-records.ts'
import { RUN_PASSES } from '../../shared/jobs/messages.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('export-records', RUN_PASSES, exportRecords)
