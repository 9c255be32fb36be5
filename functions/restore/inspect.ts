import { inspect } from '../../shared/restore/inspect.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(inspect)
