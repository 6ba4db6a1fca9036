/** An upright rectangle in a picture: (0, 0) is the picture's top left corner, (1, 1) its bottom right. */
export interface PictureRectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A part of a picture: all that lies in at least one of the rectangles. */
export type PictureArea = readonly PictureRectangle[];
