import { applyRecords } from '../../shared/restore/apply-records.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(applyRecords)
