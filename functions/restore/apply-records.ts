import { applyRecords } from '../../shared/restore/apply/apply-records.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(applyRecords)
