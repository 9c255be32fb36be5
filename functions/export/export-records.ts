import { exportRecords } from '../../shared/export/records.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(exportRecords)
