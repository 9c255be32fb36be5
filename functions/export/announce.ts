import { announceExport } from '../../shared/export/announce.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(announceExport)
