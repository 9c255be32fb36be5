import { composeParts } from '../../shared/export/compose-parts.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(composeParts)
