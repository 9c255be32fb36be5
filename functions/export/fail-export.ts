import { failExport } from '../../shared/export/fail.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(failExport)
