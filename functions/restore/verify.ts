import { verify } from '../../shared/restore/verify.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(verify)
