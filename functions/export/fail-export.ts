import { failExport } from '../../shared/export/fail-export.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(failExport)
