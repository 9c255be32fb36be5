import { composeParts } from '../../shared/export/compose-parts.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(composeParts)
