import { decide } from '../../shared/restore/decide.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(decide)
