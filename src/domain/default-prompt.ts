/** The prompt where neither a config nor a flag names one; the demo model is trained on it. */
export const defaultPrompt = 'Describe the scene.';
