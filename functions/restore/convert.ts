import { convert } from '../../shared/specstar/convert.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(convert)
