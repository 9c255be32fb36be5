import { announceExport } from '../../shared/export/announce.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(announceExport)
