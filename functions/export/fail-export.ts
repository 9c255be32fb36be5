import { failExport } from '../../shared/export/fail.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(failExport)
