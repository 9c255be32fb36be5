import { inspect } from '../../shared/restore/inspect/inspect.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(inspect)
