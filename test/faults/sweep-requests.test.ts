import { tellRestores } from './sweep-stories.ts'

tellRestores('requests')
