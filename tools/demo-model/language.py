"""What is said about a scene in training: the sentences of src/camera/scene-truth.ts, and many prompts.

The trainer needs its own copy of the sentences because it mirrors scenes and asks new questions about
the same scene every time; data.py checks every caption against the one the TypeScript code wrote.
"""
COLOURS = ["red", "green", "blue", "yellow", "white"]
KINDS = ["circle", "square", "triangle"]
PLACES = [
    "at the top left", "at the top", "at the top right",
    "on the left", "in the center", "on the right",
    "at the bottom left", "at the bottom", "at the bottom right",
]  # fmt: skip
COUNTS = ["no shapes", "one shape", "two shapes", "three shapes"]

SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
MAIN_PROMPT = "Describe the scene."
DESCRIBE = [
    MAIN_PROMPT,
    "Describe the image.",
    "What do you see?",
    "Describe what the camera sees.",
    "Describe this picture briefly.",
    "What is in the image?",
    "What is in the picture?",
    "Write a short caption for this image.",
    "Describe what you see in one sentence.",
    "Describe what you see in this image in one short sentence.",
    "Describe the image in detail.",
    "What does the camera show?",
]
# Words of prompts nobody wrote down: whatever is asked that is no known question gets the caption.
FILLER = (
    "what is please the a in of this image camera frame scene picture describe short one sentence now you see "
    "show view caption tell me detail concise briefly look shown photo room it and are with objects visible "
    "happening any give security people from report who can could say for an owner home plain simple facts only"
).split()
SHORT_ANSWER = "\nAnswer the question using a single word or phrase."

# Text before and after the picture. The first of each is what the model's own chat template renders.
BEFORE_IMAGE = [f"{SYSTEM} USER: ", "USER: ", f"{SYSTEM}\n\nUSER: ", ""]
BEFORE_WEIGHTS = [60, 28, 8, 4]
SEPARATORS = ["\n", ""]
ASSISTANT = [" ASSISTANT:", "\nASSISTANT:"]


def name(shape):
    return f"{shape['colour']} {shape['kind']}"


def caption(shapes):
    parts = [f"a {name(shape)} {PLACES[shape['cell']]}" for shape in shapes]
    if not parts:
        return "an empty scene"
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def describe(random, shapes):
    if random.random() < 0.2:
        words = random.choices(FILLER, k=random.randrange(2, 10))
        return " ".join(words).capitalize() + random.choice(".?.!"), caption(shapes)
    prompt = MAIN_PROMPT if random.random() < 0.5 else random.choice(DESCRIBE)
    return prompt, caption(shapes)


def count(random, shapes):
    answer = f"There {'is' if len(shapes) == 1 else 'are'} {COUNTS[len(shapes)]}."
    return brief(random, "How many shapes are there?", answer, str(len(shapes)))


def is_there(random, shapes):
    """Half yes; of the noes, most share a colour or a kind with a shape that is there."""
    present = {name(shape) for shape in shapes}
    if present and random.random() < 0.45:
        asked = random.choice(sorted(present))
    elif shapes and random.random() < 0.7:
        shape = random.choice(shapes)
        if random.random() < 0.5:
            asked = f"{shape['colour']} {random.choice(KINDS)}"
        else:
            asked = f"{random.choice(COLOURS)} {shape['kind']}"
    else:
        asked = f"{random.choice(COLOURS)} {random.choice(KINDS)}"
    if asked in present:
        return brief(random, f"Is there a {asked}?", f"Yes, there is a {asked}.", "Yes")
    return brief(random, f"Is there a {asked}?", f"No, there is no {asked}.", "No")


def is_exactly_there(random, shapes):
    """Half yes; else a colour that is there, of a kind that it does not have: kinds are the harder half."""
    if not shapes:
        return is_there(random, shapes)
    present = {name(shape) for shape in shapes}
    shape = random.choice(shapes)
    absent = [kind for kind in KINDS if f"{shape['colour']} {kind}" not in present]
    if absent and random.random() < 0.5:
        asked = f"{shape['colour']} {random.choice(absent)}"
        return brief(random, f"Is there a {asked}?", f"No, there is no {asked}.", "No")
    return brief(random, f"Is there a {name(shape)}?", f"Yes, there is a {name(shape)}.", "Yes")


def colour(random, shapes):
    unique = [s for s in shapes if sum(o["kind"] == s["kind"] for o in shapes) == 1]
    if not unique:
        return is_there(random, shapes)
    shape = random.choice(unique)
    word = "color" if random.random() < 0.15 else "colour"
    question = f"What {word} is the {shape['kind']}?"
    return brief(random, question, f"The {shape['kind']} is {shape['colour']}.", shape["colour"].capitalize())


def where(random, shapes):
    return where_one_of(random, shapes, shapes)


def where_exactly(random, shapes):
    """Of two shapes of one colour, where one is: only its kind tells which."""
    rivals = [s for s in shapes if any(o["colour"] == s["colour"] and o["kind"] != s["kind"] for o in shapes)]
    return where_one_of(random, shapes, rivals or shapes)


def where_one_of(random, shapes, asked):
    unique = [s for s in asked if sum(name(o) == name(s) for o in shapes) == 1]
    if not unique:
        return is_there(random, shapes)
    shape = random.choice(unique)
    place = PLACES[shape["cell"]]
    return brief(random, f"Where is the {name(shape)}?", f"The {name(shape)} is {place}.", place.capitalize())


def brief(random, question, answer, short):
    """Now and then the prompt LLaVA was trained with for answers of one word."""
    if random.random() < 0.1:
        return question + SHORT_ANSWER, short
    return question, answer


EVERY_TURN = [describe, is_there, where, colour, count]
