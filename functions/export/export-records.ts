import { exportRecords } from '../../shared/export/export-records.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(exportRecords)
